import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project. */
export const PROJECT = fileURLToPath(new URL('..', import.meta.url));

/** The folder of the built files, which are the content of the package. */
export const DIST = join(PROJECT, 'dist');

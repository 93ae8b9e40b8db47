import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project. */
export const PROJECT = fileURLToPath(new URL('..', import.meta.url));

/** What is built lies here, and is what the package consists of. */
export const DIST = join(PROJECT, 'dist');

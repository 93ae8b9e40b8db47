import { rm } from 'node:fs/promises';
import { buildCli } from './build-cli.ts';
import { buildConstruct } from './build-construct.ts';
import { buildNotices } from './build-notices.ts';
import { bundleLambdas } from './bundle-lambdas.ts';
import { DIST, PROJECT } from './project.ts';

/** Builds the package: the Lambdas, the construct, the command line, and the licences of bundled packages. */
await rm(DIST, { recursive: true, force: true });
await buildNotices([await bundleLambdas(PROJECT, 'small'), ...(await buildConstruct()), await buildCli()]);

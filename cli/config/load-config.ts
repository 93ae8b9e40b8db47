import { readFile, realpath } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { parseExact } from '../../src/exact-json.ts';
import { plainBut } from '../../src/requests/plain-but.ts';
import { findConfig } from './find-config.ts';

/**
 * Loads the configuration of a command.
 * @param named the file that `--config` names
 */
export type LoadConfig = (named?: string) => NightshiftConfig | Promise<NightshiftConfig>;

/**
 * Reads and checks the configuration of the working directory. Without a configuration, uses the profiles of the examples.
 * @throws InvalidRequest when it cannot be read, naming the file, or is not valid, naming every problem
 */
export const loadConfig: LoadConfig = async (named) => {
  const file = findConfig(named);
  if (file === undefined) return parseExamples();
  const value = file.endsWith('.json') ? await readJsonConfig(file) : await importConfig(file);
  try {
    return await check(value);
  } catch (error) {
    if (error instanceof InvalidRequest)
      throw new InvalidRequest(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
};

/** The profiles of the examples. `test/config/` checks their schemas. */
async function parseExamples(): Promise<NightshiftConfig> {
  const [{ parseConfig }, examples] = await Promise.all([
    import('../../src/config/config.ts'),
    import('../../nightshift.config.ts'),
  ]);
  return parseConfig(examples.default);
}

/** The schema compiler is loaded only if needed, because it takes longer to load than everything else here. */
async function check(value: unknown): Promise<NightshiftConfig> {
  if (!namesOutput(value)) {
    const { parseConfig } = await import('../../src/config/config.ts');
    return parseConfig(value);
  }
  const { checkConfig } = await import('../../src/config/check-config.ts');
  return checkConfig(value);
}

/** True if a profile or a schedule may have an output schema. */
function namesOutput(value: unknown): boolean {
  const { profiles, schedules } = Object(value) as Readonly<Record<string, unknown>>;
  const named = [profiles, schedules].flatMap((entries) => Object.values(Object(entries) as object));
  return named.some((entry) => {
    const { output, schema, overrides } = Object(entry) as Readonly<Record<string, unknown>>;
    return [output, schema, overrides].some((part) => part !== undefined);
  });
}

const PROFILE = [['body'], ['output', 'schema']];

/** Paths of the values that are sent to the provider. Numbers in them keep their exact text. */
const SENT_ON = [
  ...PROFILE.map((path) => ['profiles', '*', ...path]),
  ...PROFILE.map((path) => ['schedules', '*', 'overrides', ...path]),
  ['schedules', '*', 'rows'],
];

async function readJsonConfig(file: string): Promise<unknown> {
  try {
    return plainBut(parseExact(await readFile(file, 'utf8')), SENT_ON);
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function importConfig(file: string): Promise<unknown> {
  const url = pathToFileURL(await realpath(file)).href;
  hook(url);
  let exported: { readonly default?: unknown };
  try {
    exported = (await import(url)) as { readonly default?: unknown };
  } catch (error) {
    throw unreadable(file, error);
  }
  const value = unwrapCommonJs(exported.default);
  if (value !== undefined) return value;
  throw new InvalidRequest(
    `${file} has no default export. Write \`export default defineConfig({ profiles: { … } })\`.`,
  );
}

/** A module that was compiled to CommonJS has its default export one level deeper. */
function unwrapCommonJs(value: unknown): unknown {
  const isWrapped =
    typeof value === 'object' && value !== null && '__esModule' in value && 'default' in value;
  return isWrapped ? value.default : value;
}

function unreadable(file: string, error: unknown): InvalidRequest {
  const { message } = error instanceof Error ? error : new Error(String(error));
  return new InvalidRequest(`The configuration ${file} could not be loaded: ${message}`, { cause: error });
}

/** The module behind `import { defineConfig } from 'nightshift'`: the full package would load the CDK. */
const LIGHT = new URL(
  import.meta.url.endsWith('.ts') ? '../../src/config/define-config.ts' : './define-config.js',
  import.meta.url,
).href;

/** Allows a configuration to import `nightshift`, installed or not, and to be written in TypeScript with any package.json. */
function hook(url: string): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'nightshift' && context.parentURL?.includes('/node_modules/') !== true
        ? { url: LIGHT, shortCircuit: true }
        : next(specifier, context),
    load: (loaded, context, next) =>
      next(
        loaded,
        loaded === url && url.endsWith('.ts') ? { ...context, format: 'module-typescript' } : context,
      ),
  });
}

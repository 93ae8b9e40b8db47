/**
 * The layers of `src/`, from the lowest up. A module is a folder, or a file directly below `src/`. A module imports only modules of
 * lower layers. Files directly below `src/` that are not listed are the base, below all layers. If subfolders of a module are
 * listed too, the module has only the files directly in it. `npm run house -- --write` writes these rules into `.oxlintrc.json`.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ['text', 'concurrency'],
  ['store', 'cost'],
  ['jsonl'],
  ['provider'],
  ['checkpoints', 'edges.ts'],
  ['contract.ts'],
  ['executions', 'announce', 'endpoints'],
  ['output', 'spending'],
  ['reuse'],
  ['rows', 'batches'],
  ['profiles', 'ladder', 'pilot'],
  ['requests'],
  ['config'],
  ['collect/lines', 'tables'],
  ['collect/counts'],
  ['collect/round/files', 'fast-path'],
  ['collect/round/matching'],
  ['collect/round/evidence'],
  ['collect/round/decision'],
  ['collect/round/writing'],
  ['collect/round'],
  ['collect/shard', 'collect/retry'],
  ['collect'],
  ['job-control', 'status', 'direct'],
  ['report'],
  ['api', 'runtime'],
  ['steps'],
];

const MODULES = LAYERS.flat();

/** Files directly below `src/` that are not in a layer. */
export const BASE = 'base';

/** True if subfolders of the module are modules themselves. */
export function isDivided(module: string): boolean {
  return MODULES.some((other) => other.startsWith(`${module}/`));
}

/** The module of a file of `src/`, such as `collect/round/files`. */
export function moduleOf(file: string): string {
  const [first = '', ...rest] = file.replace(/^src\//, '').split('/');
  const folders = rest.slice(0, -1);
  if (rest.length === 0) return MODULES.includes(first) ? first : BASE;
  return folders.reduce((module, folder) => (isDivided(module) ? `${module}/${folder}` : module), first);
}

/** The number of a module's layer; 0 is the base. Undefined if the module is not in a layer. */
export function layerOf(module: string): number | undefined {
  if (module === BASE) return 0;
  const layer = LAYERS.findIndex((modules) => modules.includes(module));
  return layer === -1 ? undefined : layer + 1;
}

/** True if the imported module is not in a lower layer. */
export function goesUp(from: string, to: string): boolean {
  const [own, other] = [moduleOf(from), moduleOf(to)];
  if (own === other) return false;
  return (layerOf(other) ?? Infinity) >= (layerOf(own) ?? -1);
}

/** Modules that a module must not import: those of its own layer and of higher ones. */
export function modulesAbove(module: string): string[] {
  return MODULES.filter((other) => other !== module && (layerOf(other) ?? 0) >= (layerOf(module) ?? 0));
}

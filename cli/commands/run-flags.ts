import type { ConfigFlags, TreatmentFlags } from './options.ts';

/** The options of `nightshift run`. */
export interface RunFlags extends TreatmentFlags, ConfigFlags {
  readonly data: string;
  readonly out?: string;
  readonly json?: true;
  readonly simulate?: true;
  readonly again?: true;
  readonly bundles?: true;
  readonly verbose?: true;
}

import type { ProfileConfig } from '../src/config/config.ts';
import { defined } from '../src/defined.ts';
import { InvalidRequest } from '../src/errors.ts';
import { profileSchema } from '../src/profiles/profile-schema.ts';
import { shortForms } from '../src/requests/question.ts';
import type { TreatmentFlags } from './commands/options.ts';

/**
 * The fields of a profile that the command's options replace.
 * @throws InvalidRequest naming every option with a value that its field may not have
 */
export function overridesOf(flags: TreatmentFlags): ProfileConfig {
  const overrides = fieldsOf(flags);
  const { error } = profileSchema.safeParse(overrides);
  if (error === undefined) return overrides;
  const problems = error.issues.map(({ path, message }) => `${optionAt(path)}: ${message}`);
  throw new InvalidRequest([...new Set(problems)].join('\n'));
}

/** Options whose names differ from their fields in a profile. */
const OPTIONS: Readonly<Record<string, string>> = {
  output: 'schema',
  'pilot.rows': 'pilot',
  'pilot.maxBad': 'pilot-max-bad',
  'pilot.approve': 'approve',
};

/** `--encoding` for `table.encoding`. */
function optionAt(path: readonly PropertyKey[]): string {
  const [field = '', inner = ''] = path.map(String);
  return `--${OPTIONS[`${field}.${inner}`] ?? OPTIONS[field] ?? (field === 'table' ? inner : field)}`;
}

function fieldsOf(flags: TreatmentFlags): ProfileConfig {
  const { provider, endpoint, rounds, strict, dedupe, reuse, quotes } = flags;
  const { table: rules, ...asked } = shortForms(flags);
  const table = defined({ ...rules, quotes });
  return {
    ...asked,
    ...(provider !== undefined && { provider }),
    ...(endpoint !== undefined && { endpoint }),
    ...(rounds !== undefined && { rounds }),
    ...(strict !== undefined && { strict }),
    ...(dedupe !== undefined && { dedupe }),
    ...(reuse !== undefined && { reuse: reuseOf(reuse) }),
    ...pilotOf(flags),
    ...(Object.keys(table).length > 0 && { table }),
  };
}

function reuseOf(days: number | boolean): NonNullable<ProfileConfig['reuse']> {
  if (typeof days === 'number') return { days };
  return days && 'always';
}

/** The pilot that the options ask for. A person must approve it, unless they name a highest share of bad rows. */
function pilotOf({
  pilot: rows,
  pilotMaxBad: maxBad,
  approve,
}: TreatmentFlags): Pick<ProfileConfig, 'pilot'> {
  if (rows === undefined && maxBad === undefined && approve === undefined) return {};
  return { pilot: { ...defined({ rows, maxBad }), approve: approve === true || maxBad === undefined } };
}

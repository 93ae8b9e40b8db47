import * as z from 'zod';
import { InvalidRequest } from '../errors.ts';
import { checkSchema } from '../output/compile-schema.ts';
import { withOutput } from '../output/request-output.ts';
import { parseConfig, type NightshiftConfig } from './config.ts';
import { DEFAULT_ENDPOINT } from './resolve-profile.ts';

/**
 * Checks a configuration at its source: everything that {@link parseConfig} checks, and also the output schemas. Deployed
 * functions rely on this check, so they do not bundle the schema compiler.
 * @throws InvalidRequest naming every problem with its path.
 */
export function checkConfig(value: unknown): NightshiftConfig {
  return parseConfig(value, findWrongOutputs);
}

const treatmentSchema = z.object({
  endpoint: z.string().default(DEFAULT_ENDPOINT),
  body: z.record(z.string(), z.unknown()).default({}),
  output: z.object({ schema: z.record(z.string(), z.unknown()) }),
});
const outputsSchema = z.object({
  profiles: z.record(z.string(), z.unknown()).catch({}),
  schedules: z
    .record(z.string(), z.looseObject({ overrides: z.unknown() }).catch({ overrides: undefined }))
    .catch({}),
});

/** Output schemas that are invalid or unsupported, each with its path. */
function findWrongOutputs(value: unknown): string[] {
  const { profiles, schedules } = outputsSchema.safeParse(value).data ?? { profiles: {}, schedules: {} };
  const treatments = [
    ...Object.entries(profiles).map(([name, profile]) => [`profiles.${name}`, profile] as const),
    ...Object.entries(schedules).map(
      ([name, { overrides }]) => [`schedules.${name}.overrides`, overrides] as const,
    ),
    ...Object.entries(schedules).flatMap(([name, { schema }]) =>
      schema === undefined ? [] : [[`schedules.${name}`, { output: { schema } }] as const],
    ),
  ];
  return treatments.flatMap(([path, treatment]) => {
    const problem = outputProblem(treatment);
    return problem === undefined ? [] : [`  ${path}.output: ${problem}`];
  });
}

function outputProblem(treatment: unknown): string | undefined {
  const { data } = treatmentSchema.safeParse(treatment);
  if (data === undefined) return undefined;
  try {
    checkSchema(data.output.schema);
    withOutput(data.body, data.output, data.endpoint);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidRequest) return error.message;
    throw error;
  }
}

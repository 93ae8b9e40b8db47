import type { z } from 'zod';

/** One line per problem: its path, then what is wrong. */
export function describeIssues(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `  ${path.join('.') || '(root)'}: ${message}`).join('\n');
}

import type * as z from 'zod';

/** One line per problem: its path, then what is wrong. */
export function describeIssues(error: z.ZodError): string {
  return error.issues.map((issue) => `  ${issue.path.join('.') || '(root)'}: ${messageOf(issue)}`).join('\n');
}

/** Of a wrong key, why it is wrong. */
function messageOf(issue: z.core.$ZodIssue): string {
  const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
  return inner ?? issue.message;
}

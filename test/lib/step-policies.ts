import { z } from 'zod';
import { renderReferences } from '../../lib/render-references.ts';
import { stackTemplate } from './synthesized-stack.ts';

const policySchema = z.object({
  Properties: z.object({
    PolicyDocument: z.object({
      Statement: z.array(
        z.object({ Effect: z.literal('Allow'), Action: z.unknown(), Resource: z.unknown() }),
      ),
    }),
    Roles: z.tuple([z.object({ Ref: z.string() })]),
  }),
});

/** What the roles may do: one `action on resource` each, references written as `<id>`, by the role's logical id. */
export function permissionsByRole(): ReadonlyMap<string, readonly string[]> {
  const permissions = new Map<string, string[]>();
  for (const resource of Object.values(stackTemplate().findResources('AWS::IAM::Policy'))) {
    const { PolicyDocument, Roles } = policySchema.parse(resource).Properties;
    const granted = PolicyDocument.Statement.flatMap(({ Action, Resource }) =>
      listed(Action).flatMap((action) => listed(Resource).map((on) => `${action} on ${on}`)),
    );
    permissions.set(Roles[0].Ref, [...(permissions.get(Roles[0].Ref) ?? []), ...granted]);
  }
  return permissions;
}

/** The permissions of a step's role, the bucket written as `<bucket>`. */
export function stepPermissions(step: string): readonly string[] {
  const wanted = { Properties: { Environment: { Variables: { STEP: step } } } };
  const [found] = Object.values(stackTemplate().findResources('AWS::Lambda::Function', wanted));
  const role = z
    .object({ Properties: z.object({ Role: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }) }) })
    .parse(found).Properties.Role['Fn::GetAtt'][0];
  return (permissionsByRole().get(role) ?? []).map((permission) =>
    permission.replace(/<WorkflowDataBucket\w+\.Arn>/, '<bucket>'),
  );
}

function listed(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map((item) =>
    renderReferences(item, {
      ref: (id) => `<${id}>`,
      attribute: (id, name) => `<${id}.${name}>`,
      other: (other) => JSON.stringify(other),
    }),
  );
}

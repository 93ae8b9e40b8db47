import { z } from 'zod';
import { READ_ITEMS } from '../../host/distributed-map.ts';
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

/** Permissions of each role by its logical id, each as `action on resource`. References appear as `<id>`. */
export function permissionsByRole(template = stackTemplate()): ReadonlyMap<string, readonly string[]> {
  const permissions = new Map<string, string[]>();
  for (const resource of Object.values(template.findResources('AWS::IAM::Policy'))) {
    const { PolicyDocument, Roles } = policySchema.parse(resource).Properties;
    const granted = PolicyDocument.Statement.flatMap(({ Action, Resource }) =>
      listed(Action).flatMap((action) => listed(Resource).map((on) => `${action} on ${on}`)),
    );
    permissions.set(Roles[0].Ref, [...(permissions.get(Roles[0].Ref) ?? []), ...granted]);
  }
  return permissions;
}

/** Permissions of the step's role. The bucket appears as `<bucket>`. For the state machine's role: only those on objects. */
export function stepPermissions(step: string): readonly string[] {
  const role = step === READ_ITEMS ? machineRole() : roleOf(step);
  const permissions = (permissionsByRole().get(role) ?? []).map((permission) =>
    permission.replace(/<WorkflowDataBucket\w+\.Arn>/, '<bucket>'),
  );
  // The state machine also starts and watches the child executions of its map.
  return step === READ_ITEMS ? permissions.filter((permission) => permission.startsWith('s3:')) : permissions;
}

function roleOf(step: string): string {
  const [, { Properties }] = stepFunction(step);
  return Properties.Role['Fn::GetAtt'][0];
}

const machineSchema = z.object({
  Properties: z.object({ RoleArn: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }) }),
});

/** The role of the state machine, with which it reads the items of its map. */
function machineRole(): string {
  const [machine] = Object.values(stackTemplate().findResources('AWS::StepFunctions::StateMachine'));
  return machineSchema.parse(machine).Properties.RoleArn['Fn::GetAtt'][0];
}

const functionSchema = z.object({
  Properties: z.object({ Role: z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }) }),
});

/** Logical id and resource of a step's function. */
function stepFunction(step: string): [id: string, resource: z.output<typeof functionSchema>] {
  const wanted = { Properties: { Environment: { Variables: { STEP: step } } } };
  const [found] = Object.entries(stackTemplate().findResources('AWS::Lambda::Function', wanted));
  if (found === undefined) throw new Error(`There is no function "${step}".`);
  return [found[0], functionSchema.parse(found[1])];
}

const callSchema = z.object({
  Properties: z.object({
    Action: z.literal('lambda:InvokeFunction'),
    FunctionName: z.unknown(),
    Principal: z.string(),
    SourceArn: z.unknown(),
  }),
});

/** Services that may call a step's function, each as `service from source`, sorted. */
export function callersOf(step: string, template = stackTemplate()): string[] {
  const [id] = stepFunction(step);
  return Object.values(template.findResources('AWS::Lambda::Permission'))
    .map((resource) => callSchema.parse(resource).Properties)
    .filter(({ FunctionName }) => rendered(FunctionName) === `<${id}.Arn>`)
    .map(({ Principal, SourceArn }) => `${Principal} from ${rendered(SourceArn)}`)
    .toSorted();
}

function listed(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map(rendered);
}

function rendered(value: unknown): string {
  return renderReferences(value, {
    ref: (id) => `<${id}>`,
    attribute: (id, name) => `<${id}.${name}>`,
    other: (other) => JSON.stringify(other),
  });
}

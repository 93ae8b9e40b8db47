import { serve } from '../support/serve.ts';

/** Outputs of each stack by its name, or the error message of the response. */
export type Stacks = Readonly<Record<string, Readonly<Record<string, string>> | { readonly denied: string }>>;

/**
 * Serves CloudFormation over HTTP until the test has ended.
 * @returns the environment for the command line
 */
export async function startCloudFormation(stacks: Stacks): Promise<Readonly<Record<string, string>>> {
  const url = await serve(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { status, xml } = answer(stacks, new URLSearchParams(body).get('StackName') ?? '');
    response.writeHead(status, { 'content-type': 'text/xml' });
    response.end(xml);
  });
  return { AWS_ENDPOINT_URL_CLOUDFORMATION: url, AWS_REGION: 'eu-central-1' };
}

function answer(stacks: Stacks, name: string): { readonly status: number; readonly xml: string } {
  const found = Object.hasOwn(stacks, name) ? stacks[name] : undefined;
  if (found === undefined) return { status: 400, xml: failure('ValidationError', 'Stack does not exist') };
  if ('denied' in found) return { status: 403, xml: failure('AccessDenied', found['denied'] ?? '') };
  const outputs = Object.entries(found).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  const stack = `<member><StackName>any</StackName><Outputs>${outputs.join('')}</Outputs></member>`;
  return {
    status: 200,
    xml: `<DescribeStacksResponse><DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult></DescribeStacksResponse>`,
  };
}

const failure = (code: string, message: string): string =>
  `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;

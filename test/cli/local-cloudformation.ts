import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Outputs of each stack by its name, or the error message of the response. */
export type Stacks = Readonly<Record<string, Readonly<Record<string, string>> | { readonly denied: string }>>;

/**
 * Serves CloudFormation over HTTP until the test has ended.
 * @returns the environment for the command line
 */
export async function startCloudFormation(stacks: Stacks): Promise<Readonly<Record<string, string>>> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { status, xml } = answer(stacks, new URLSearchParams(body).get('StackName') ?? '');
    response.writeHead(status, { 'content-type': 'text/xml' });
    response.end(xml);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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

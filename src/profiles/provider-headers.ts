import * as z from 'zod';

/** Headers that the client, the connection, or the key sets. */
const RESERVED = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const name = z
  .string()
  .regex(/^[\w!#$%&'*+.^`|~-]{1,128}$/, 'must be the name of a header')
  .refine((header) => !RESERVED.has(header.toLowerCase()), 'is set by Nightshift itself');

const value = z
  .string()
  .max(4_096)
  .regex(/^[!-~](?:[ -~]*[!-~])?$/, 'must be printable ASCII');

const secret = z.string().regex(/^[\w.-]{1,64}$/, 'may hold up to 64 letters, digits, "_", "." and "-"');

/** Static headers of a provider: a text, or the name of a secret stored beside the keys. */
export const headersSchema = z.record(name, z.union([value, z.strictObject({ secret })]));

export type ProviderHeaders = Readonly<Record<string, string | { readonly secret: string }>>;

const withHeaders = z.object({
  headers: z.record(z.string(), z.object({ secret: z.string() }).nullable().catch(null)),
});

/** Secrets that are another provider's key, each with its path: a key is sent only to its own provider's URL. */
export function findForeignSecrets(value: unknown, builtIn: readonly string[]): string[] {
  const { providers } =
    z.object({ providers: z.record(z.string(), z.unknown()) }).safeParse(value).data ?? {};
  const keys = new Set([...builtIn, ...Object.keys(providers ?? {})].map(inEnvironment));
  return Object.entries(providers ?? {}).flatMap(([provider, given]) =>
    Object.entries(withHeaders.safeParse(given).data?.headers ?? {}).flatMap(([header, from]) => {
      const key = inEnvironment(from?.secret ?? '');
      if (!keys.has(key) || key === inEnvironment(provider)) return [];
      return [`  providers.${provider}.headers.${header}: "${from?.secret}" is the key of another provider`];
    }),
  );
}

/** Names that map to the same environment variable are the same secret. */
function inEnvironment(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}

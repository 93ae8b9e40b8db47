import { createHash } from 'node:crypto';

/**
 * `<slug of the input's name, at most 40 characters>-<16 hex>`: readable, deterministic, and a legal execution name (at most 80
 * characters) with room for a resume's suffix.
 *
 * @param name the input file's name or key
 * @param identity what makes the job unique: equal parts give the same job
 */
export function makeJobId(name: string, identity: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  return `${slug(name)}-${hash}`;
}

function slug(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1).replace(/(\.\w{1,8})+$/, '');
  const plain = base
    .normalize('NFKD')
    .replace(/[^a-zA-Z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase();
  return plain.slice(0, 40).replace(/-+$/, '') || 'job';
}

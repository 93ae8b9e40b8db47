import { createScrub, type Scrub } from './scrub-secrets.ts';
import { scrubStream } from './scrub-stream.ts';

/**
 * Every secret that was sent to a provider. An answer may contain it, in an error message, an HTML page, a header or a file; a rotated
 * key may still occur in one.
 */
export class SentSecrets {
  readonly #secrets = new Set<string>();
  #scrub: Scrub = (text) => text;

  /**
   * Records a secret, which is then removed from answers.
   * @returns the secret, which is about to be sent
   */
  add(secret: string): string {
    if (this.#secrets.has(secret)) return secret;
    this.#secrets.add(secret);
    this.#scrub = createScrub([...this.#secrets]);
    return secret;
  }

  scrub(text: string): string {
    return this.#scrub(text);
  }

  scrubFile(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    return scrubStream(chunks, [...this.#secrets]);
  }
}

/** URLs of single objects, for people and programs without other access to the store. */
export interface Links {
  /** URL to GET an object, valid for {@link LINK_SECONDS}. */
  download(key: string): Promise<string>;
  /**
   * URL to PUT a new object, valid for {@link LINK_SECONDS}, with the header `if-none-match: *`.
   * @param bytes its exact length; default: any up to S3's limit, {@link MAX_UPLOAD_BYTES}
   */
  upload(key: string, bytes?: number): Promise<string>;
}

/** Largest object of one PUT. */
export const MAX_UPLOAD_BYTES = 5 * 2 ** 30;

/** Time that a URL is valid, in seconds. */
export const LINK_SECONDS = 900;

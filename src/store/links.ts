/** Addresses of single objects for people and programs that have no other way into the store. */
export interface Links {
  /** To GET an object, within {@link LINK_SECONDS}. */
  download(key: string): Promise<string>;
  /**
   * To PUT an object that is not there yet, within {@link LINK_SECONDS}, with the header `if-none-match: *`.
   * @param bytes its exact length; default: any that S3 takes at once, which is {@link MAX_UPLOAD_BYTES}
   */
  upload(key: string, bytes?: number): Promise<string>;
}

/** The longest object that one PUT may bring. */
export const MAX_UPLOAD_BYTES = 5 * 2 ** 30;

/** How long an address holds, in seconds. */
export const LINK_SECONDS = 900;

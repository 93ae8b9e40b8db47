/** Addresses of single objects for people and programs that have no other way into the store. */
export interface Links {
  /** To GET an object, within {@link LINK_SECONDS}. */
  download(key: string): Promise<string>;
  /** To PUT an object, within {@link LINK_SECONDS}. */
  upload(key: string): Promise<string>;
}

/** How long an address holds, in seconds. */
export const LINK_SECONDS = 900;

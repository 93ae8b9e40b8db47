declare namespace NodeJS {
  interface ProcessEnv {
    /** Replaced by the bundler, so it must be read with a dot and not by index. */
    readonly NIGHTSHIFT_CONFIG?: string;
    /** Replaced in the same way. */
    readonly NIGHTSHIFT_PROVIDERS?: string;
  }
}

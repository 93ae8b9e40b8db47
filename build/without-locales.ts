import type { Plugin } from 'esbuild';

/** Leaves out zod's messages in 50 languages. Only the English ones are used, and zod loads these by itself. */
export const WITHOUT_LOCALES: Plugin = {
  name: 'without-locales',
  setup: (build) => {
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export {};',
    }));
  },
};

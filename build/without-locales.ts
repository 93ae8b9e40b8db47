import type { Plugin } from 'esbuild';

/** Leaves out zod's messages in 50 languages: only the English ones are used, which zod loads by itself. */
export const WITHOUT_LOCALES: Plugin = {
  name: 'without-locales',
  setup: (build) => {
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export {};',
    }));
  },
};

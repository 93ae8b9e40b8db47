import { defineConfig } from './src/config/config.ts';

/**
 * How input files are treated. A file dropped under `input/<profile>/` uses that profile, one directly under
 * `input/` uses `default`. Every field is explained in `src/config/schema.ts`.
 */
export default defineConfig({
  profiles: {
    default: { provider: 'melious', model: 'glm-4.7:batch' },
    embeddings: { provider: 'melious', endpoint: '/v1/embeddings', model: 'bge-m3' },
  },
});

import { defineConfig } from './src/config/config.ts';

/**
 * How input files are treated. A file dropped under `input/<profile>/` uses that profile, one directly under
 * `input/` uses `default`. Every field is explained in `src/config/schema.ts`.
 */
export default defineConfig({
  profiles: {
    /** Rows that say what to ask: prompts, messages, ready-made request lines. */
    default: { provider: 'melious', model: 'glm-4.7:batch' },

    /** `examples/reviews.csv`: a table in, a JSON answer per row out. */
    classify: {
      provider: 'melious',
      model: 'glm-4.7:batch',
      system: 'You label product reviews. Answer with JSON: the sentiment, and the topic in a word or two.',
      prompt: 'Product: {{product}}\nReview: {{review}}',
      body: { temperature: 0 },
      output: {
        schema: {
          type: 'object',
          properties: { sentiment: { enum: ['good', 'mixed', 'bad'] }, topic: { type: 'string' } },
          required: ['sentiment', 'topic'],
          additionalProperties: false,
        },
        retry: true,
      },
    },

    /** `examples/articles.jsonl`: a summary per row. */
    summarize: {
      provider: 'melious',
      model: 'glm-4.7:batch',
      prompt: 'Summarise in two sentences what "{{title}}" says:\n\n{{text}}',
      body: { max_tokens: 200 },
    },

    /** `examples/texts.txt`: a vector per line. */
    embeddings: { provider: 'melious', endpoint: '/v1/embeddings', model: 'bge-m3' },
  },
});

import { defineConfig, type NightshiftConfig } from '../../src/config/config.ts';
import { DIALECTS } from '../../src/provider/dialects/dialects.ts';

/** A configuration with a provider for each dialect, all of which are doubles. */
export const CONFIG: NightshiftConfig = defineConfig({
  // One for each dialect: `openai-simulator`.
  providers: Object.fromEntries(
    Object.keys(DIALECTS).map((dialect) => [
      `${dialect}-simulator`,
      { dialect, baseUrl: 'http://127.0.0.1:9/v1' },
    ]),
  ),
  profiles: { default: { provider: 'simulator', model: 'glm-4.7:batch' } },
});

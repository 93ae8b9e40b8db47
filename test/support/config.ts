import { defineConfig, type NightshiftConfig } from '../../src/config/config.ts';
import { DIALECTS } from '../../src/provider/dialects/dialects.ts';

/** A configuration with a provider for each dialect. All of them are simulated. */
export const CONFIG: NightshiftConfig = defineConfig({
  // One provider for each dialect, such as `openai-simulator`.
  providers: Object.fromEntries(
    Object.keys(DIALECTS).map((dialect) => [
      `${dialect}-simulator`,
      { dialect, baseUrl: 'http://127.0.0.1:9/v1' },
    ]),
  ),
  profiles: { default: { provider: 'simulator', model: 'glm-4.7:batch' } },
});

import { fromEnv } from '@aws-sdk/credential-provider-env';

/**
 * Replaces `@aws-sdk/credential-provider-node` in the Lambdas' bundles: a function has its role's credentials in its environment.
 * The SDK's chain would add profiles, single sign-on and other clouds, 90 KB in each bundle.
 */
export const defaultProvider = fromEnv;

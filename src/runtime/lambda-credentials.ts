import { fromEnv } from '@aws-sdk/credential-provider-env';

/**
 * Stands in the Lambdas' bundles for `@aws-sdk/credential-provider-node`: a function has its role's credentials in its
 * environment. The SDK's chain goes on to profiles, single sign-on and other clouds, which is 90 KB in each bundle.
 */
export const defaultProvider = fromEnv;

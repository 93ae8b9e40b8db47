import type { DeployedProviders } from '../config/deployed-providers.ts';
import type { ProviderEdges } from '../edges.ts';
import type { Environment } from './api-key.ts';
import { readDeployedFile } from './deployed-file.ts';
import { edgesFromEnvironment } from './environment.ts';
import { openProviderCalls } from './provider-calls.ts';

/** Edges of a Lambda that calls the provider, from its environment: see {@link openProviderCalls}. */
export function providerEdgesFromEnvironment(env: Environment): ProviderEdges {
  return { ...edgesFromEnvironment(env), ...openProviderCalls(env, readProviders(env)) };
}

function readProviders(env: Environment): DeployedProviders {
  return (readDeployedFile('providers', env) ?? {}) as DeployedProviders;
}

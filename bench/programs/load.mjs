// load.mjs <bundle>: loads a Lambda's bundle, as its cold start does.
await import(process.argv[2]);

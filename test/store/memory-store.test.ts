import { createMemoryStore } from '../support/memory-store.ts';
import { describeStore } from './store-contract.ts';

describeStore('A store in memory', {
  open: () => Promise.resolve(createMemoryStore(65_536)),
  listing: 'exact',
});

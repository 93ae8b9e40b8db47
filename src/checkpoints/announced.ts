import { announcedKey } from './keys.ts';
import { storedObject } from './stored-object.ts';

/** Identifies an announcement. A resumed job ends again, and is announced again. */
export interface AnnouncementRef {
  readonly jobId: string;
  readonly execution: string;
  readonly channel: string;
}

/** `jobs/<jobId>/announced/…`: when a channel accepted the announcement, ISO 8601. */
interface Announced {
  readonly at: string;
}

export const announcedObject = storedObject<Announced, AnnouncementRef>(({ jobId, execution, channel }) =>
  announcedKey(jobId, execution, channel),
);

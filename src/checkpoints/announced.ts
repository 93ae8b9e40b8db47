import { announcedKey } from './keys.ts';
import { storedObject } from './stored-object.ts';

/** Which announcement: a job that is resumed ends, and is announced, once more. */
export interface AnnouncementRef {
  readonly jobId: string;
  readonly execution: string;
  readonly channel: string;
}

/** `jobs/<jobId>/announced/…`: when a channel took the announcement, ISO 8601. */
interface Announced {
  readonly at: string;
}

export const announcedObject = storedObject<Announced, AnnouncementRef>(({ jobId, execution, channel }) =>
  announcedKey(jobId, execution, channel),
);

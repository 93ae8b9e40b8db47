import { ANSWER_STORIES } from './answer-stories.ts';
import { BUILD_STORIES } from './build-stories.ts';
import { CONTROL_STORIES } from './control-stories.ts';
import { FAULT_STORIES } from './fault-stories.ts';
import { ROOM_STORIES } from './room-stories.ts';
import { START_STORIES } from './start-stories.ts';
import type { Stories } from './story.ts';

/** Together, the stories cover every call of a function to the bucket, an execution or the provider. */
export const STORIES: Stories = {
  ...BUILD_STORIES,
  ...START_STORIES,
  ...CONTROL_STORIES,
  ...FAULT_STORIES,
  ...ROOM_STORIES,
  ...ANSWER_STORIES,
};

/** The event's `source`, which EventBridge rules match. */
export const EVENT_SOURCE = 'nightshift';

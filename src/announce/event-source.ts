/** Who the completion event is from, as EventBridge rules match it. */
export const EVENT_SOURCE = 'nightshift';

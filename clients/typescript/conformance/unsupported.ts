/** What the SDK, or its language, has no way to do. */
export class Unsupported extends Error {}

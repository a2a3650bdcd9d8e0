/** What the bench cannot do, and why: shown without a stack. */
export class Refusal extends Error {}

/**
 * A durable job beside a task, written in the same commits: what to do for it, and when.
 */
export interface Companion {
  readonly taskId: string
  /** Grows by one with each change of the companion. */
  readonly rev: number
  /** The name of its state. */
  readonly state: string
  /** When the next step is due, in milliseconds since the epoch; null if none is planned. */
  readonly dueAt: number | null
  /** The id that the task has elsewhere; null while it is not known. */
  readonly reference: string | null
  /** What else its owner keeps: a JSON object. */
  readonly data: Readonly<Record<string, unknown>>
}

/** How commits change the companion of their task. Pure. */
export interface CompanionRule {
  /** That of a new task; absent if new tasks have none. */
  readonly start?: ((taskId: string) => Companion) | undefined
  /** After a commit by anyone but its owner, which led to this version. */
  follow(companion: Companion, version: number, isDeleted: boolean): Companion
}

/** The companion that a commit stores: undefined to leave it as it is, null to remove it. */
export const nextCompanion = <C extends Companion | null | undefined>(
  current: Companion | undefined,
  decided: C,
): C | undefined => {
  if (decided === undefined || decided === current) return undefined
  return decided === null ? decided : { ...decided, rev: (current?.rev ?? 0) + 1 }
}

import type { IssueLink } from '../github/issue/issue-link.ts'
import type { Entity } from './entity.ts'
import type { AppError } from './errors.ts'
import type { NewTaskEvent } from './event.ts'
import type { Slice } from './slice.ts'
import type { SyncRepository } from './sync-repository.ts'
import type { Position, TaskQuery } from './task-query.ts'

/** A task as it is kept: its JSON text is ready to be sent, so that a read neither parses nor serialises. */
export interface StoredTask {
  readonly id: string
  readonly version: number
  readonly json: string
}

/** What makes a retry safe, recorded in the commit that it belongs to (`replay` in key-record.ts). */
export interface IdempotencyKey {
  readonly key: string
  /** A digest of the request. The same key with another one is refused. */
  readonly fingerprint: string
  /** Milliseconds since the epoch; both are the service's clock. */
  readonly now: number
  readonly expiresAt: number
}

/**
 * What a change comes to, decided by a pure function that sees the task as it is at the moment of
 * the commit. `link` is the link after it; without one the link is left as it is.
 */
export type Decision =
  | {
      readonly kind: 'change'
      readonly task: Entity
      readonly event: NewTaskEvent
      readonly link?: IssueLink | undefined
    }
  | { readonly kind: 'delete'; readonly event: NewTaskEvent; readonly link?: IssueLink | undefined }
  | { readonly kind: 'keep' }
  | { readonly kind: 'refuse'; readonly error: AppError }

export type Decide = (current: Entity, link: IssueLink | undefined) => Decision

/**
 * `replayed`: the request was carried out before. A replayed change answers the task as it is now, or
 * `deleted` when there is none any more, whichever request deleted it.
 */
export type CommitResult =
  | { readonly kind: 'stored'; readonly task: StoredTask; readonly replayed: boolean }
  | { readonly kind: 'deleted'; readonly replayed: boolean }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly error: AppError }
  | { readonly kind: 'key_reused' }

/**
 * Where tasks live. Every method may throw `database_unavailable`: then a write has not happened. A write of which that is not
 * known throws `outcome_unknown`, and a retry with the same key settles it.
 */
export interface TaskRepository {
  /** The task, or undefined. Sees every commit that was answered before. */
  get(id: string): Promise<StoredTask | undefined>

  /** The greatest id so far: where a process goes on from. Undefined if there is none, or if the database is down. */
  newestId(): Promise<string | undefined>

  /**
   * The next tasks in the order of the query after the position: `limit` of them, fewer only at the end of the list. Their texts
   * are read along if they come to at most `wholeBytes` bytes.
   */
  list(
    query: TaskQuery,
    after: Position | undefined,
    limit: number,
    wholeBytes: number,
  ): Promise<Slice<Position>>

  /**
   * A task's next events after the first `after` ones, oldest first, in the same way. Kept when the task is deleted. As each
   * version has one event, and the deletion one more, the nth event is that of version n.
   */
  history(taskId: string, after: number, limit: number, wholeBytes: number): Promise<Slice<number>>

  /**
   * Stores a new task, its event, the key's record and its link to an issue in one durable commit. Precondition: its version is 1, its id
   * greater than any that this process has read (`newestId`) or stored and, with a key, in the key's bucket.
   */
  create(
    task: Entity,
    event: NewTaskEvent,
    key?: IdempotencyKey,
    link?: IssueLink,
  ): Promise<CommitResult>

  /**
   * Reads the task, asks `decide`, and stores what it says with its event and the key's record in one durable
   * commit. `decide` may be asked again when another writer came first, so it must be pure. Refuses the key with
   * `too_many_keys` when the task has its maximum of them (key-record.ts). Precondition: no change of another task has this key.
   */
  change(id: string, decide: Decide, key?: IdempotencyKey): Promise<CommitResult>

  /** The bookkeeping of the GitHub sync. */
  readonly sync: SyncRepository

  /** Binds a key to a request before its parts are carried out. False when it is bound to another one. */
  claim(key: IdempotencyKey): Promise<boolean>

  /** Resolves when the database answers; throws `database_unavailable` or `database_not_configured`. */
  ping(): Promise<void>

  /** For how long the oldest event without a sequence has waited for it, in milliseconds: 0 where a commit gives it at once. */
  eventLag(): number

  /** Finishes what was begun, then lets go. Nothing is called afterwards. */
  close(): Promise<void>
}

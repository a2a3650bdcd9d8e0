import type { IssueLink } from '../github/issue/issue-link.ts'
import type { SyncStatus } from '../github/issue/task-sync.ts'
import type { Entity } from './entity.ts'

/** A word from GitHub that an issue has changed: a hint, as it may be late, twice or out of order. */
export interface Delivery {
  /** GitHub's id of the delivery. */
  readonly id: string
  readonly action: string
  readonly issueNumber: number
  readonly issueId: string
  readonly repositoryId: number
  /** Who did it. */
  readonly sender: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

/**
 * What is asked of a link, within the write that carries it out: the next link (its revision is set by the store), null to forget
 * it, undefined or the very same link to leave it.
 */
export type LinkDecision = (
  link: IssueLink,
  task: Entity | undefined,
) => IssueLink | null | undefined

/**
 * The bookkeeping of the GitHub sync, kept where the tasks are. That an issue is behind is part of the commits themselves
 * (`TaskRepository`); here is the rest. Every method may throw `database_unavailable`.
 */
export interface SyncRepository {
  /** The link of a task; also of one that is deleted while its issue is still to be closed. */
  link(taskId: string): Promise<IssueLink | undefined>

  /** The link to an issue; were there several, that of the task with the smallest id. */
  linkOfIssue(issueId: string): Promise<IssueLink | undefined>

  /** Decides upon the link and the task as they are, and keeps both in one write; it spends no version. Resolves with the link as it is then. */
  changeLink(taskId: string, decide: LinkDecision): Promise<IssueLink | undefined>

  /** Links a task that has none, to have its issue opened from `now` on. False when it has one or is gone. */
  addLink(taskId: string, now: number): Promise<boolean>

  /** The links whose next attempt is due, the longest due first. */
  dueLinks(now: number, limit: number): Promise<IssueLink[]>

  /** Links of a state, by task id, after one. */
  links(status: SyncStatus, after: string | undefined, limit: number): Promise<IssueLink[]>

  /** How many links there are of each state that one is in, those of deleted tasks among them. */
  countLinks(): Promise<Partial<Record<SyncStatus, number>>>

  /** The ids of tasks that have no link, in their order, after one. */
  unlinkedTasks(after: string | undefined, limit: number): Promise<string[]>

  /** Keeps a delivery. False when it was kept before, also when it has been dealt with since. */
  addDelivery(delivery: Delivery): Promise<boolean>

  /** The oldest deliveries that are not dealt with. */
  openDeliveries(limit: number): Promise<Delivery[]>

  /** Marks a delivery as dealt with, and forgets those dealt with that came before `forgetBefore`: the oldest thousand of them. */
  closeDelivery(id: string, forgetBefore: number): Promise<void>

  /** A small JSON value by name (a cursor, a pause), or undefined. */
  readState(name: string): Promise<unknown>
  writeState(name: string, value: unknown): Promise<void>

  /**
   * Takes or keeps what one process at a time may hold, for `lengthMs` from now. Resolves with the term, which grows each
   * time that another holder takes over; undefined while another one holds it.
   */
  acquireLease(name: string, holder: string, lengthMs: number): Promise<number | undefined>
  releaseLease(name: string, holder: string): Promise<void>
}

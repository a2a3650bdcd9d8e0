import { MAX_DESCRIPTION, MAX_TITLE } from '../../task/task.ts'
import { fromIssueLabels, priorityOf, statusOf, toIssueLabels } from './issue-labels.ts'
import type { SyncedFields } from './issue-link.ts'
import {
  firstCodePoints,
  matchesText,
  matchesTitle,
  textOf,
  toIssueBody,
  toIssueTitle,
  UNTITLED,
  untruncateText,
  untruncateTitle,
} from './issue-text.ts'

/** What an issue shows, as GitHub has it. */
export interface IssueState {
  readonly title: string
  readonly body: string
  readonly isOpen: boolean
  readonly labels: readonly string[]
}

/** An issue as it is read: one that was opened without a text has none. */
export type SeenIssue = Omit<IssueState, 'body'> & { readonly body: string | null }

/** The issue that shows a task. What does not fit is cut with a note. */
export const toIssue = (fields: SyncedFields, marker: string): IssueState => ({
  title: toIssueTitle(fields.title),
  body: toIssueBody(fields.description, marker),
  isOpen: fields.status !== 'completed',
  labels: toIssueLabels(fields),
})

/**
 * The task that an issue shows, always one that can be stored.
 *
 * @param known the last state that both sides had, or what was sent, or the task's own; null for an
 * issue that is new to us. Where the issue shows a value of it, were it cut or its lines ended
 * otherwise, that very value is given back
 */
export const fromIssue = (issue: SeenIssue, known: SyncedFields | null): SyncedFields => ({
  title: fromIssueTitle(issue.title, known?.title),
  description: fromIssueText(issue.body ?? '', known?.description),
  status: statusOf(issue.isOpen, issue.labels),
  priority: priorityOf(issue.labels),
  labels: fromIssueLabels(issue.labels, known?.labels ?? []),
})

const fromIssueTitle = (seen: string, known: string | undefined): string => {
  if (known === undefined) return storableTitle(seen) || UNTITLED
  if (matchesTitle(known, seen)) return known
  return storableTitle(untruncateTitle(known, seen)) || known
}

const fromIssueText = (seen: string, known: string | undefined): string => {
  const text = textOf(seen)
  if (known === undefined) return storableText(text)
  return matchesText(known, seen) ? known : storableText(untruncateText(known, text))
}

/** U+FFFD stands for what a store can't give back. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\ufffd')

const storableTitle = (title: string): string =>
  firstCodePoints(storable(title).trim(), MAX_TITLE).trim()
const storableText = (text: string): string => firstCodePoints(storable(text), MAX_DESCRIPTION)

import { isManaged, normalizedSet, normalizeLabel } from './issue-labels.ts'
import type { IssueState, SeenIssue } from './issue-mapping.ts'
import { matchesText, matchesTitle } from './issue-text.ts'

/**
 * What to send, in this order: labels added, the patch, labels removed. At each moment between,
 * status and priority read as before or as after, never as a third.
 */
export interface IssueChanges {
  readonly patch:
    | {
        title?: string
        body?: string
        state?: 'open' | 'closed'
        state_reason?: 'completed' | 'reopened'
      }
    | undefined
  readonly addLabels: readonly string[]
  readonly removeLabels: readonly string[]
}

export interface DiffOptions {
  /** GitHub drops our labels for lack of rights: none is sent. */
  readonly ignoreLabels?: boolean
}

/**
 * What makes the issue equal to `wanted`, and nothing else. A text that differs by its marker or
 * its ends of lines alone is equal: the marker of an opened issue is no reason to write over what
 * someone may be editing.
 *
 * @param base the issue of the last state that both sides had: of the labels that are not wanted,
 * only its own and the managed ones are removed, under the names that GitHub has for them
 */
export const diffIssue = (
  now: SeenIssue,
  wanted: IssueState,
  base: IssueState,
  { ignoreLabels = false }: DiffOptions = {},
): IssueChanges => {
  const patch: NonNullable<IssueChanges['patch']> = {
    ...(matchesTitle(wanted.title, now.title) ? {} : { title: wanted.title }),
    ...(matchesText(wanted.body, now.body ?? '') ? {} : { body: wanted.body }),
    ...stateChange(now.isOpen, wanted.isOpen),
  }
  const labels = ignoreLabels
    ? { addLabels: [], removeLabels: [] }
    : labelChanges(now.labels, wanted.labels, base.labels)
  return { patch: Object.keys(patch).length === 0 ? undefined : patch, ...labels }
}

export const isEmpty = ({ patch, addLabels, removeLabels }: IssueChanges): boolean =>
  patch === undefined && addLabels.length === 0 && removeLabels.length === 0

const stateChange = (
  isOpen: boolean,
  isWantedOpen: boolean,
): NonNullable<IssueChanges['patch']> => {
  if (isOpen === isWantedOpen) return {}
  return isWantedOpen
    ? { state: 'open', state_reason: 'reopened' }
    : { state: 'closed', state_reason: 'completed' }
}

const labelChanges = (
  now: readonly string[],
  wanted: readonly string[],
  base: readonly string[],
) => {
  const [nowKeys, wantedKeys, baseKeys] = [
    normalizedSet(now),
    normalizedSet(wanted),
    normalizedSet(base),
  ]
  return {
    addLabels: wanted.filter((label) => !nowKeys.has(normalizeLabel(label))),
    removeLabels: now.filter(
      (label) =>
        !wantedKeys.has(normalizeLabel(label)) &&
        (baseKeys.has(normalizeLabel(label)) || isManaged(label)),
    ),
  }
}

import { expect } from 'vitest'
import type { LocalGithub } from '../github/local-github/local-github.ts'
import { startLocalGithub } from '../github/start-local-github.ts'
import type { RecordedIssue } from './recorded-answers.ts'

/** A GitHub that holds these issues, with their ids and times. */
export const startRecordedGithub = async (
  issues: readonly RecordedIssue[],
): Promise<LocalGithub> => {
  let recordedAt: number | undefined
  const github = await startLocalGithub({ now: () => recordedAt ?? Date.now() })
  for (const issue of issues) {
    if (issue.isDeleted) {
      github.as('alice').open({ title: 'deleted' })
      github.as('alice').delete(issue.number)
      continue
    }
    recordedAt = Date.parse(issue.created_at)
    add(github, issue, (at) => {
      recordedAt = at
    })
    expect(github.issue(issue.number)).toMatchObject({
      id: issue.id,
      title: issue.title,
      createdAt: Date.parse(issue.created_at),
      updatedAt: Date.parse(issue.updated_at),
    })
  }
  recordedAt = undefined
  return github
}

type KeptIssue = Exclude<RecordedIssue, { readonly isDeleted: true }>

/** An edit that changes nothing would leave no trace, so one that was edited has another title first. */
const add = (
  github: LocalGithub,
  { author, title, body, labels, state, state_reason, ...issue }: KeptIssue,
  goTo: (at: number) => void,
): void => {
  const isEdited = issue.updated_at !== issue.created_at
  const person = github.as(author)
  const { number } = person.open({ title: isEdited ? 'as it was first' : title, body, labels })
  if (!isEdited) return
  goTo(Date.parse(issue.updated_at))
  person.edit(number, { title })
  if (state === 'closed') person.close(number, state_reason ?? 'completed')
}

import * as fc from 'fast-check'
import type { SyncedFields } from '#src/github/issue/issue-link.ts'
import {
  TASK_PRIORITIES,
  TASK_STATUSES,
  type TaskPriority,
  type TaskStatus,
} from '#src/task/task.ts'
import type { ModelIssue } from './model-issue.ts'
import type { SyncModel } from './sync-model.ts'
import { MARKER } from './synced-arbitraries.ts'

/** Something that happens to a model; the name is for the report of a counterexample. */
export interface Happening {
  readonly name: string
  readonly run: (model: SyncModel) => void
}

const happening = (name: string, run: (model: SyncModel) => void): Happening => ({ name, run })
const toWeb = (text: string): string => text.replaceAll(/\r?\n/g, '\r\n')

export const STEP = happening('step', (model) => model.step())
export const CRASH = happening('crash', (model) => model.crash())

export const editTask = (changes: Partial<SyncedFields>): Happening =>
  happening(`task ${JSON.stringify(changes).slice(0, 80)}`, (model) => model.editTask(changes))

export const labelTask = (label: string): Happening =>
  happening(`task + ${label}`, (model) => {
    const { labels } = model.task
    if (labels.length < 20 && !labels.includes(label))
      model.editTask({ labels: [...labels, label] })
  })

export const unlabelTask = (label: string): Happening =>
  happening(`task - ${label}`, (model) =>
    model.editTask({ labels: model.task.labels.filter((other) => other !== label) }),
  )

const onIssue = (name: string, run: (issue: ModelIssue) => void): Happening =>
  happening(name, ({ issue }) => run(issue))

export const titleIssue = (title: string): Happening =>
  onIssue(`issue title ${title}`, (issue) => issue.edit({ title }))

/** As the web editor writes: all lines end in CRLF, and the marker is seen there, so it may be moved or deleted. */
export const writeIssue = (text: string, where: 'above' | 'below' | 'nowhere'): Happening =>
  onIssue(`issue text ${where} ${text}`, (issue) => {
    const parts = { above: [MARKER, text], below: [text, MARKER], nowhere: [text] }[where]
    issue.edit({ body: toWeb(parts.join('\n\n')) })
  })

/** An edit of the beginning alone, which leaves the end as it was, be it cut or not. */
export const amendIssue = (letter: string): Happening =>
  onIssue(`issue amended ${letter}`, (issue) => {
    issue.edit({ title: letter + [...issue.title].slice(1).join('') })
    issue.edit({ body: toWeb(`${letter}${[...issue.body].slice(1).join('')}`) })
  })

export const appendToIssue = (text: string): Happening =>
  onIssue(`issue appended ${text}`, (issue) => {
    const body = toWeb(`${issue.body.replace(MARKER, '')}\n${text}`)
    issue.edit({ body })
  })

export const setIssueStatus = (status: TaskStatus): Happening =>
  onIssue(`issue ${status}`, (issue) => {
    issue.edit({ isOpen: status !== 'completed' })
    if (status === 'in_progress') issue.addLabel('Status:In_Progress')
    else issue.takeLabel('status:in_progress')
  })

export const closeIssue = onIssue('issue closed, labels left', (issue) =>
  issue.edit({ isOpen: false }),
)

export const setIssuePriority = (priority: TaskPriority): Happening =>
  onIssue(`issue ${priority}`, (issue) => {
    for (const other of ['low', 'high'])
      if (other !== priority) issue.takeLabel(`priority:${other}`)
    if (priority !== 'medium') issue.addLabel(`priority:${priority}`)
  })

export const labelIssue = (label: string): Happening =>
  onIssue(`issue + ${label}`, (issue) => issue.addLabel(label))
export const unlabelIssue = (label: string): Happening =>
  onIssue(`issue - ${label}`, (issue) => issue.takeLabel(label))

const short = fc.stringMatching(/^[a-z]{1,4}$/)
const text = fc.stringMatching(/^[a-z]{1,3}(\n[a-z]{1,3}){0,2}$/)
const status = fc.constantFrom(...TASK_STATUSES)
const priority = fc.constantFrom(...TASK_PRIORITIES)
const taskLabel = fc.constantFrom('ops', 'Ops', 'mine', 'Both', 'priority:high', ' ', 'a\nb')
const issueLabel = fc.constantFrom(
  'ops',
  'theirs',
  'both',
  'BOTH',
  'a b',
  'x'.repeat(50),
  ...Array.from({ length: 22 }, (_, i) => `l${i}`),
)
/** Titles and texts that are cut at GitHub, with their end of their own. */
const long = fc.tuple(short, short).map(([head, end]) => ({
  title: `${head}${'x'.repeat(300)}${end}`,
  text: `${head}${'y\n'.repeat(32_750)}${end}`,
}))

export const anyTaskEdit = fc.oneof(
  { weight: 2, arbitrary: short.map((title) => editTask({ title })) },
  { weight: 2, arbitrary: text.map((description) => editTask({ description })) },
  { weight: 1, arbitrary: long.map(({ title }) => editTask({ title })) },
  { weight: 1, arbitrary: long.map(({ text: description }) => editTask({ description })) },
  { weight: 2, arbitrary: status.map((value) => editTask({ status: value })) },
  { weight: 2, arbitrary: priority.map((value) => editTask({ priority: value })) },
  { weight: 3, arbitrary: taskLabel.map(labelTask) },
  { weight: 2, arbitrary: fc.oneof(taskLabel, issueLabel).map(unlabelTask) },
)

export const anyIssueEdit = fc.oneof(
  { weight: 2, arbitrary: short.map(titleIssue) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(text, fc.constantFrom('above', 'below', 'nowhere'))
      .map((args) => writeIssue(...args)),
  },
  { weight: 1, arbitrary: fc.constantFrom('A', 'B').map(amendIssue) },
  { weight: 1, arbitrary: short.map(appendToIssue) },
  { weight: 2, arbitrary: status.map(setIssueStatus) },
  { weight: 1, arbitrary: fc.constant(closeIssue) },
  { weight: 2, arbitrary: priority.map(setIssuePriority) },
  { weight: 4, arbitrary: issueLabel.map(labelIssue) },
  { weight: 2, arbitrary: fc.oneof(taskLabel, issueLabel).map(unlabelIssue) },
)

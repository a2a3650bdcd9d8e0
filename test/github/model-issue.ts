import type { IssueChanges } from '#src/github/issue/issue-diff.ts'
import type { IssueState } from '#src/github/issue/issue-mapping.ts'

const refuse = (reason: string): never => {
  throw new Error(`422 ${reason}`)
}

const lower = (label: string): string => label.toLowerCase()

/** An issue with GitHub's rules: its limits, and labels whose case does not count and whose first spelling stays. */
export class ModelIssue {
  title: string
  body: string
  isOpen: boolean
  readonly #labels = new Map<string, string>()
  /** The labels of the repository, by their spelling. */
  readonly #spellings = new Map<string, string>([['ops', 'OPS']])
  readonly removed: string[] = []

  constructor({ title, body, isOpen, labels }: IssueState) {
    this.title = title
    this.body = body
    this.isOpen = isOpen
    for (const label of labels) this.addLabel(label)
  }

  get state(): IssueState {
    return {
      title: this.title,
      body: this.body,
      isOpen: this.isOpen,
      labels: [...this.#labels.values()],
    }
  }

  has(label: string): boolean {
    return this.#labels.has(lower(label))
  }

  patch({ state, state_reason: _, ...texts }: NonNullable<IssueChanges['patch']>): void {
    if (texts.title !== undefined && (texts.title.trim() === '' || [...texts.title].length > 256))
      refuse('title')
    if (texts.body !== undefined && [...texts.body].length > 65_536) refuse('body')
    this.edit({ ...texts, isOpen: state === undefined ? this.isOpen : state === 'open' })
  }

  /** What someone does at GitHub, where a body may be longer than GitHub says. */
  edit({ title = this.title, body = this.body, isOpen = this.isOpen }: Partial<IssueState>): void {
    if (Buffer.byteLength(body) > 262_144) return
    this.title = title
    this.body = body
    this.isOpen = isOpen
  }

  addLabel(label: string): void {
    if (label.trim() === '' || [...label].length > 50) refuse('label')
    if (!this.#spellings.has(lower(label))) this.#spellings.set(lower(label), label)
    this.#labels.set(lower(label), this.#spellings.get(lower(label)) ?? label)
  }

  /** As the API removes: who asks for one that is not there has a wrong idea of the issue. */
  removeLabel(label: string): void {
    this.removed.push(label)
    this.#labels.delete(lower(label))
  }

  /** As someone removes it at GitHub. */
  takeLabel(label: string): void {
    this.#labels.delete(lower(label))
  }
}

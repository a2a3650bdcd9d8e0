import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

interface Step {
  readonly uses?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Workflow {
  readonly permissions?: unknown
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly uses?: string
        readonly steps?: readonly Step[]
        readonly 'timeout-minutes'?: number
      }
    >
  >
}

const folder = new URL('../../.github/workflows/', import.meta.url)
const texts = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'))
const workflows = texts.map((text) => parse(text) as Workflow)
const jobs = workflows.flatMap((workflow) => Object.values(workflow.jobs))
const steps = jobs.flatMap((job) => job.steps ?? [])

test('every action is pinned by a whole commit, with its version beside it', () => {
  const lines = texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => /^\s*(- )?uses:/.test(line))
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.length).toBe([...jobs, ...steps].filter(({ uses }) => uses !== undefined).length)
  for (const line of lines)
    expect(line).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
})

test('one action has one commit everywhere', () => {
  const pins = new Set(steps.flatMap(({ uses }) => uses ?? []))
  expect(new Set([...pins].map((pin) => pin.split('@')[0])).size).toBe(pins.size)
})

test('a job may read the code and no more, unless it says so itself, and ends', () => {
  for (const { permissions } of workflows) expect(permissions).toEqual({ contents: 'read' })
  for (const job of jobs) expect(job['timeout-minutes']).toBeLessThanOrEqual(60)
})

test('no checkout leaves its token behind', () => {
  const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))
  expect(checkouts.length).toBe(jobs.length)
  for (const checkout of checkouts) expect(checkout.with?.['persist-credentials']).toBe(false)
})

import { expect, onTestFinished } from 'vitest'
import {
  type LocalGithub,
  type LocalGithubOptions,
  openLocalGithub,
} from './local-github/local-github.ts'

/** A GitHub of the test's own. It closes with the test, which fails if anything was asked that GitHub does not describe. */
export const startLocalGithub = async (options: LocalGithubOptions = {}): Promise<LocalGithub> => {
  const github = await openLocalGithub(options)
  onTestFinished(async () => {
    await github.close()
    expect({ violations: github.violations, slips: github.slips }).toEqual({
      violations: [],
      slips: [],
    })
  })
  return github
}

/** Takes what was recorded so far, for a test that provokes violations. */
export const takeViolations = (github: LocalGithub): readonly string[] =>
  github.violations.splice(0)

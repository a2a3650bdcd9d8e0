import { readFileSync } from 'node:fs'
import { VARIABLES, type Variable, type VariableName } from './config-variables.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * A value without the blanks and the pair of quotes around it: `docker run --env-file` passes on
 * those of the file.
 */
export const unquote = (value: string): string => {
  const text = value.trim()
  return /^(["'])(.*)\1$/s.exec(text)?.[2]?.trim() ?? text
}

/**
 * Reads a variable. If `parse` returns undefined, a problem is added that says what is expected.
 */
export type Read = <T>(name: VariableName, parse: (text: string) => T | undefined) => T

/**
 * Reads variables of the environment. Adds what is wrong with them to `problems`, one line each.
 */
export const createReader =
  (env: Environment, problems: string[]): Read =>
  (name, parse) => {
    const value = parse(readText(variable(name), env, problems))
    if (value === undefined) problems.push(`${name}: expected ${variable(name).about}`)
    return value as NonNullable<typeof value>
  }

const variable = (name: VariableName): Variable =>
  VARIABLES.find((one) => one.name === name) as Variable

const readText = (
  { name, fallback, isSecret }: Variable,
  env: Environment,
  problems: string[],
): string => {
  const text = unquote(env[name] ?? '')
  const file = isSecret ? unquote(env[`${name}_FILE`] ?? '') : ''
  if (text !== '' && file !== '') problems.push(`${name} and ${name}_FILE are both set: choose one`)
  if (file === '') return text === '' ? fallback : text
  try {
    return unquote(readFileSync(file, 'utf8'))
  } catch {
    problems.push(`${name}_FILE: the file ${file} cannot be read`)
    return fallback
  }
}

/** A whole number from `min` to `max`. */
export const integer =
  (min: number, max: number) =>
  (text: string): number | undefined => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? value : undefined
  }

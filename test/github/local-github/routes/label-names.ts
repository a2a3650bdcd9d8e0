import type { FieldError } from '../answer.ts'

export const MAX_LABEL = 50

/** Labels are given by name, or as objects that hold one. */
export const toLabelNames = (labels: unknown): string[] =>
  (Array.isArray(labels) ? labels : []).map((label: string | { readonly name?: string }) =>
    typeof label === 'string' ? label : (label.name ?? ''),
  )

export const checkLabels = (labels: unknown): FieldError[] =>
  toLabelNames(labels).flatMap((name): FieldError[] => {
    if (name.trim() === '') return [{ resource: 'Label', code: 'missing_field', field: 'name' }]
    if ([...name].length <= MAX_LABEL) return []
    return [
      {
        resource: 'Label',
        code: 'custom',
        field: 'name',
        message: 'name is too long (maximum is 50 characters)',
      },
    ]
  })

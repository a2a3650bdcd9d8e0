"""The plain version of the task service, as FastAPI's documentation teaches to write one: the six endpoints on sqlite3.

uvicorn main:app   (DATABASE is the path of its file)
"""

import os
import sqlite3
from datetime import datetime, timezone
from enum import Enum
from typing import Annotated
from uuid import uuid4

from fastapi import Depends, FastAPI, HTTPException, Query, Response
from pydantic import BaseModel, Field

DATABASE = os.environ.get("DATABASE", "tasks.db")

SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  status TEXT NOT NULL,
  priority TEXT NOT NULL,
  created_at TEXT NOT NULL,
  external_reference_id TEXT
);
CREATE INDEX IF NOT EXISTS tasks_by_created_at ON tasks (created_at, id);
"""


class Status(str, Enum):
    pending = "pending"
    in_progress = "in_progress"
    completed = "completed"


class Priority(str, Enum):
    low = "low"
    medium = "medium"
    high = "high"


class TaskDraft(BaseModel):
    title: str = Field(min_length=1, max_length=500)
    description: str = Field(default="", max_length=65536)
    status: Status = Status.pending
    priority: Priority = Priority.medium


class TaskPatch(BaseModel):
    title: str | None = Field(default=None, min_length=1, max_length=500)
    description: str | None = Field(default=None, max_length=65536)
    status: Status | None = None
    priority: Priority | None = None


class Task(TaskDraft):
    id: str
    created_at: datetime
    external_reference_id: str | None = None


def connect() -> sqlite3.Connection:
    """Durable as the service is: each commit waits until it is in the write-ahead log on disk."""
    connection = sqlite3.connect(DATABASE, timeout=30, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def get_database():
    connection = connect()
    try:
        yield connection
    finally:
        connection.close()


Database = Annotated[sqlite3.Connection, Depends(get_database)]

with connect() as setup:
    setup.execute("PRAGMA journal_mode = WAL")
    setup.executescript(SCHEMA)
setup.close()

app = FastAPI()


def find(database: sqlite3.Connection, task_id: str) -> dict:
    row = database.execute("SELECT * FROM tasks WHERE id = ?", (task_id,)).fetchone()
    if row is None:
        raise HTTPException(status_code=404, detail="Task not found")
    return dict(row)


@app.post("/tasks", status_code=201)
def create_task(draft: TaskDraft, response: Response, database: Database) -> Task:
    task = Task(id=str(uuid4()), created_at=datetime.now(timezone.utc), **draft.model_dump())
    database.execute(
        "INSERT INTO tasks VALUES (:id, :title, :description, :status, :priority, :created_at, :external_reference_id)",
        task.model_dump(mode="json"),
    )
    database.commit()
    response.headers["Location"] = f"/tasks/{task.id}"
    return task


@app.get("/tasks")
def list_tasks(
    database: Database,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=-1)] = -1,
) -> list[Task]:
    rows = database.execute("SELECT * FROM tasks ORDER BY created_at, id LIMIT ? OFFSET ?", (limit, offset))
    return [dict(row) for row in rows]


@app.get("/tasks/{task_id}")
def get_task(task_id: str, database: Database) -> Task:
    return find(database, task_id)


@app.put("/tasks/{task_id}")
def update_task(task_id: str, patch: TaskPatch, database: Database) -> Task:
    task = find(database, task_id) | patch.model_dump(mode="json", exclude_none=True)
    database.execute(
        "UPDATE tasks SET title = :title, description = :description, status = :status, priority = :priority WHERE id = :id",
        task,
    )
    database.commit()
    return task


@app.delete("/tasks/{task_id}", status_code=204)
def delete_task(task_id: str, database: Database) -> None:
    find(database, task_id)
    database.execute("DELETE FROM tasks WHERE id = ?", (task_id,))
    database.commit()


@app.post("/tasks/{task_id}/complete")
def complete_task(task_id: str, database: Database) -> Task:
    return update_task(task_id, TaskPatch(status=Status.completed), database)

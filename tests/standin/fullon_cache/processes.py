import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from .base import BaseCache
from .models import ProcessType


class ProcessCache(BaseCache):
    async def get_process(self, process_id: str) -> dict[str, Any] | None:
        raw = await self.get(f"process:data:{process_id}")
        return json.loads(raw) if raw else None

    async def get_active_processes(
        self,
        process_type: ProcessType | None = None,
        component: str | None = None,
        since_minutes: float = 5,
        include_heartbeat_check: bool = True,
    ) -> list[dict[str, Any]]:
        cutoff = datetime.now(UTC) - timedelta(minutes=since_minutes)
        found = []
        for kind in [process_type] if process_type else ProcessType:
            for process_id, time in (await self.hgetall(f"process:active:{kind.value}")).items():
                if datetime.fromisoformat(time) < cutoff:
                    continue
                process = await self.get_process(process_id)
                if process is None or (component and process["component"] != component):
                    continue
                if include_heartbeat_check:
                    process["_heartbeat_stale"] = datetime.fromisoformat(process["heartbeat"]) < cutoff
                found.append(process)
        return sorted(found, key=lambda process: process["updated_at"], reverse=True)

    async def get_component_status(self, component: str) -> dict[str, Any] | None:
        process_id = await self.hget("process:components", component)
        return await self.get_process(process_id) if process_id else None

    async def get_system_health(self) -> dict[str, Any]:
        found = await self.get_active_processes(since_minutes=60)
        stale = sum(process["_heartbeat_stale"] for process in found)
        errors = sum(process["status"] == "error" for process in found)
        return {
            "healthy": not stale and not errors,
            "total_processes": len(found),
            "by_type": dict(Counter(process["process_type"] for process in found)),
            "by_status": dict(Counter(process["status"] for process in found)),
            "stale_processes": stale,
            "error_processes": errors,
        }

    async def get_metrics(self) -> dict[str, int]:
        active = {kind: len(await self.hgetall(f"process:active:{kind.value}")) for kind in ProcessType}
        return {
            "total_processes": len([key async for key in self.scan_keys("process:data:*")]),
            "active_processes": sum(active.values()),
            "components": len(await self.hgetall("process:components")),
            **{f"active_{kind.value}": length for kind, length in active.items()},
        }

    async def get_top(self, deltatime: int | None = None, comp: str | None = None) -> list[dict[str, Any]]:
        found = await self.get_active_processes(since_minutes=(deltatime or 86_400) / 60)
        return [
            {
                "type": process["process_type"],
                "key": process["component"],
                "params": process["params"],
                "message": process["message"],
                "timestamp": process["updated_at"],
            }
            for process in found
            if comp is None or process["process_type"] == comp
        ]

    async def get_process_history(self, component: str) -> list[Any]:
        return []

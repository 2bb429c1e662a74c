"""The training step of bench_train's transformer, written the way a person writes it in PyTorch: tools/bench_train runs
both in turn.

    python3 bench/train/transformer_peer.py even|ragged THREADS        prints {"tokens_per_second": ...}

4 layers of 192 dims, 6 heads, hidden layers of 768, 8,000 words, batches of 32 texts of 64 (or 20 to 64, padded) words.
"""

import json
import math
import sys
import time

BATCH, WORDS, DIM, HEADS, HIDDEN, LAYERS, CONTEXT = 32, 8000, 192, 6, 768, 4, 128
WARM, STEPS = 4, 18


def main() -> None:
    if len(sys.argv) != 3 or sys.argv[1] not in ("even", "ragged"):
        sys.exit(__doc__)
    even, threads = sys.argv[1] == "even", int(sys.argv[2])
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(threads)

    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention_in, self.attention_out = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)
            self.feed_in, self.feed_out = nn.Linear(DIM, HIDDEN), nn.Linear(HIDDEN, DIM)
            self.attention_norm, self.feed_norm = nn.LayerNorm(DIM), nn.LayerNorm(DIM)

        def forward(self, x: torch.Tensor, absent: torch.Tensor | None) -> torch.Tensor:
            texts, length, _ = x.shape
            parts = self.attention_in(x).view(texts, length, 3, HEADS, DIM // HEADS).permute(2, 0, 3, 1, 4)
            scores = parts[0] @ parts[1].transpose(-1, -2) / math.sqrt(DIM // HEADS)
            if absent is not None:
                scores = scores + absent
            mixed = (scores.softmax(-1) @ parts[2]).transpose(1, 2).reshape(texts, length, DIM)
            x = self.attention_norm(x + self.attention_out(mixed))
            return self.feed_norm(x + self.feed_out(functional.gelu(self.feed_in(x))))

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = nn.Embedding(WORDS, DIM), nn.Embedding(CONTEXT, DIM)
            self.norm, self.layers = nn.LayerNorm(DIM), nn.ModuleList(Layer() for _ in range(LAYERS))

        def forward(self, ids: torch.Tensor, absent: torch.Tensor | None, present: torch.Tensor) -> torch.Tensor:
            x = self.norm(self.words(ids) + self.places(torch.arange(ids.shape[1])))
            for layer in self.layers:
                x = layer(x, absent)
            return (x * present).sum(1) / present.sum(1)

    encoder = Encoder()
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=1e-4, weight_decay=0.01)
    seconds = []
    for step in range(STEPS):
        lengths = [64 if even else 20 + (i * 37 + step * 11) % 45 for i in range(BATCH)]
        longest = max(lengths)
        ids = torch.randint(WORDS, (BATCH, longest))
        present = (torch.arange(longest)[None] < torch.tensor(lengths)[:, None]).float()[..., None]
        absent = None if even else (1 - present).view(BATCH, 1, 1, longest) * -1e30
        begin = time.process_time()
        optimizer.zero_grad()
        unit = functional.normalize(encoder(ids, absent, present), dim=1)
        functional.cross_entropy(unit @ unit.t() / 0.05, torch.arange(BATCH)).backward()
        optimizer.step()
        if step >= WARM:
            seconds.append((time.process_time() - begin) / sum(lengths))
    seconds.sort()
    print(json.dumps({"tokens_per_second": 1 / seconds[len(seconds) // 2]}))


if __name__ == "__main__":
    main()

using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Scenarios.Hostile;

/// <summary>What is sent again and again over HTTP/2.</summary>
static class H2Attacks
{
    static readonly byte[] Get = H2Headers.Get();
    static readonly byte[] Post = H2Headers.Block(H2Headers.Request("POST"));

    /// <summary>A stream that the server is made to reset (CVE-2025-8671), by the number of the try.</summary>
    public static IReadOnlyDictionary<string, Func<int, byte[]>> Breaches { get; } = new Dictionary<string, Func<int, byte[]>>
    {
        ["a window that overflows"] = i => Open(i, stream => H2Frame.WindowUpdate(stream, int.MaxValue)),
        ["a window of nothing"] = i => Open(i, stream => H2Frame.WindowUpdate(stream, 0)),
        ["data beyond the length"] = i => [.. H2Frame.Headers(2 * i + 1, H2Headers.Block([.. H2Headers.Request("POST"), ("content-length", "1")]), H2Frame.EndHeaders).ToBytes(), .. H2Frame.Of(H2Type.Data, 2 * i + 1, [1, 2]).ToBytes()],
        ["data after the end"] = i => Open(i, stream => H2Frame.Of(H2Type.Data, stream, [1], H2Frame.EndStream), stream => H2Frame.Of(H2Type.Data, stream, [1])),
        ["a priority on itself"] = i => Open(i, stream => H2Frame.Of(H2Type.Priority, stream, [.. H2Frame.Number(stream), 16])),
        ["a priority of another length"] = i => Open(i, stream => H2Frame.Of(H2Type.Priority, stream, [1])),
        ["a reset of another length"] = i => Open(i, stream => H2Frame.Of(H2Type.RstStream, stream, [1])),
    };

    /// <summary>On one connection, about so many frames.</summary>
    public static IReadOnlyDictionary<string, Func<H2RawClient, int, Task>> Floods { get; } = new Dictionary<string, Func<H2RawClient, int, Task>>
    {
        ["settings"] = (client, count) => client.FloodAsync(count, _ => H2Frame.Settings((4, 65_535)).ToBytes()),
        ["settings that move the window"] = (client, count) => client.FloodAsync(count, i => H2Frame.Settings((4, (uint)(i % 2 * 65_535))).ToBytes()),
        ["settings that resize the table"] = (client, count) => client.FloodAsync(count, i => H2Frame.Settings((1, (uint)(i % 2 * 65_536))).ToBytes()),
        ["pings"] = (client, count) => client.FloodAsync(count, _ => H2Frame.Of(H2Type.Ping, 0, new byte[8]).ToBytes()),
        ["priorities"] = (client, count) => client.FloodAsync(count, i => H2Frame.Of(H2Type.Priority, 2 * i + 1, new byte[5]).ToBytes()),
        ["frames of unknown types"] = (client, count) => client.FloodAsync(count, _ => H2Frame.Of((H2Type)0xbe, 0, new byte[10]).ToBytes()),
        ["window updates"] = (client, count) => client.FloodAsync(count, _ => H2Frame.WindowUpdate(0, 1).ToBytes()),
        ["empty data"] = async (client, count) =>
        {
            await client.SendAsync(H2Frame.Headers(1, Post, H2Frame.EndHeaders));
            await client.FloodAsync(count, _ => H2Frame.Of(H2Type.Data, 1, []).ToBytes());
        },
        ["padding without data"] = async (client, count) =>
        {
            await client.SendAsync(H2Frame.Headers(1, Post, H2Frame.EndHeaders));
            await client.FloodAsync(count / 10, _ => H2Frame.Of(H2Type.Data, 1, [255, .. new byte[255]], H2Frame.Padded).ToBytes());
        },
        ["empty header blocks without end"] = async (client, count) =>
        {
            await client.SendAsync(H2Frame.Headers(1, Get, 0));
            await client.FloodAsync(count, _ => H2Frame.Of(H2Type.Continuation, 1, []).ToBytes());
        },
        ["small header blocks without end"] = async (client, count) =>
        {
            await client.SendAsync(H2Frame.Headers(1, Get, 0));
            await client.FloodAsync(count, i => H2Frame.Of(H2Type.Continuation, 1, H2Headers.Block(($"x{i}", ""))).ToBytes());
        },
        ["header blocks without end"] = async (client, count) =>
        {
            await client.SendAsync(H2Frame.Headers(1, Get, 0));
            await client.FloodAsync(count, _ => H2Frame.Of(H2Type.Continuation, 1, H2Headers.Block(("x", new string('y', 16_000)))).ToBytes(), batch: 1);
        },
        ["references to a large header"] = async (client, _) =>
        {
            // Entry 62 of the table, then nothing but that (CVE-2016-6581).
            byte[] bomb = [.. Get, .. H2Headers.Literal("x", new string('y', 4_000), 0x40), .. Enumerable.Repeat((byte)0xbe, 12_000)];
            await client.SendAsync(H2Frame.Headers(1, bomb));
        },
        ["a table that is emptied and filled"] = (client, count) => client.FloodAsync(
            count / 20, i => H2Frame.Headers(2 * i + 1, [0x20, .. H2Headers.Prefixed(4096, 5, 0x20), .. H2Headers.Get("/nowhere"), .. H2Headers.Literal($"x{i}", new string('y', 100), 0x40)]).ToBytes()),
        ["headers without names"] = (client, count) => client.FloodAsync(count / 20, i => H2Frame.Headers(2 * i + 1, H2Headers.Get("/api", [.. Enumerable.Repeat(("", ""), 200)])).ToBytes()),
    };

    /// <summary>CVE-2023-44487.</summary>
    public static byte[] RapidReset(int i) => [.. H2Frame.Headers(2 * i + 1, Get).ToBytes(), .. H2Frame.Reset(2 * i + 1).ToBytes()];

    static byte[] Open(int i, params Func<int, H2Frame>[] breach) =>
        [.. H2Frame.Headers(2 * i + 1, Post, H2Frame.EndHeaders).ToBytes(), .. breach.SelectMany(frame => frame(2 * i + 1).ToBytes())];
}

using System.Buffers;
using System.Net.Sockets;

namespace ImGateway.Edge.WebSockets;

/// <summary>
/// Relays one WebSocket by two loops, each a single method for the socket's whole life: nothing is allocated for a message, and no
/// buffer is held while waiting. Bytes pass untouched in both directions. Frames are followed: the upstream's, so that a Close frame
/// can be put between two of them; both sides', because the first Close frame decides who closed (by RFC 6455 §7.1.1 the server ends
/// TCP first, also where the client began the closing handshake).
/// </summary>
sealed class WebSocketRelay(string route, Stream client, Stream upstream, WebSocketMetrics metrics, TimeProvider time) : OpenWebSocket(route, time), IDisposable
{
    /// <summary>How long what was sent before one side vanished may take to reach the other.</summary>
    static readonly TimeSpan LastBytes = TimeSpan.FromSeconds(5);

    const int BufferSize = 16 * 1024;
    const int LargeBufferSize = 64 * 1024;

    readonly CancellationTokenSource _ended = new(Timeout.InfiniteTimeSpan, time);
    readonly CloseHandshake _close = new(client);
    RelayEnd? _end;

    /// <summary>Whether the client has got the Close frame that was requested.</summary>
    public bool HasSentClose => _close.IsSent;

    /// <summary>Until both directions have ended; the upstream's side is closed then.</summary>
    public async Task<RelayEnd> RunAsync()
    {
        // Disposing it is what ends a wait for the upstream: a token would have to be registered anew for each wait.
        await using var cut = _ended.Token.UnsafeRegister(static upstream => ((Stream)upstream!).Dispose(), upstream);
        try
        {
            await Task.WhenAll(ToUpstreamAsync(), ToClientAsync());
        }
        finally
        {
            await _ended.CancelAsync();
            await _close.FinishAsync();
        }

        // A Close frame that came before a fault of the edge itself does not excuse the fault.
        var end = _end!;
        return _close.First is { } first && end.By != ClosedBy.Error ? end with { By = first } : end;
    }

    public override void RequestClose(ushort code)
    {
        if (_close.Request(code)) _ = SendRequestedAsync(code);
    }

    public override void Abort(ClosedBy by)
    {
        // Nothing is left to say after a long silence, but the client is there perhaps: an end in order costs nothing.
        if (by == ClosedBy.Idle) End(new RelayEnd(by, InOrder: true, RelayFault.IdleTimeout));
        else End(new RelayEnd(by, InOrder: false));
    }

    /// <summary>The client is gone, though bytes that it sent before may still be on their way.</summary>
    public void OnClientGone() => EndSoon(new RelayEnd(ClosedBy.Client, InOrder: true));

    public void Dispose() => _ended.Dispose();

    async Task ToUpstreamAsync()
    {
        var ended = _ended.Token;
        var size = BufferSize;
        var follower = default(FrameFollower);
        var isWriting = false;
        try
        {
            while (true)
            {
                var waiting = client.ReadAsync(Memory<byte>.Empty, ended);
                await waiting;
                var buffer = ArrayPool<byte>.Shared.Rent(size);
                try
                {
                    var read = await client.ReadAsync(buffer, ended);
                    if (read == 0) break;
                    if (!follower.CloseHasBegun)
                    {
                        follower.Follow(buffer.AsSpan(0, read));
                        if (follower.CloseHasBegun) _close.Note(ClosedBy.Client);
                    }

                    CountReceived(read);
                    metrics.OnReceived(read);
                    isWriting = true;
                    await upstream.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
                    isWriting = false;
                    CountForwarded();
                    size = read == buffer.Length ? LargeBufferSize : BufferSize;
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }

            // The upstream has all of it; what it might still say, a connection that is half closed cannot carry.
            End(new RelayEnd(ClosedBy.Client, InOrder: true));
        }
        catch (Exception e)
        {
            // What the upstream said before it broke off is on its way to the client.
            if (isWriting) Fail(ClosedBy.Upstream, RelayFault.UpstreamWrite, e, soon: true);
            else Fail(ClosedBy.Client, RelayFault.ClientRead, e, soon: false);
            if (!IsOfStream(e)) throw;
        }
    }

    async Task ToClientAsync()
    {
        var ended = _ended.Token;
        var size = BufferSize;
        var follower = default(FrameFollower);
        var isDropping = false;
        var isWriting = false;
        try
        {
            while (true)
            {
                var waiting = upstream.ReadAsync(Memory<byte>.Empty, CancellationToken.None);
                if (!waiting.IsCompleted && !isDropping && follower.MayClose)
                {
                    // The loop yields only to wait: while data keeps coming this costs nothing.
                    if (_close.TryYield())
                    {
                        await waiting;
                        isDropping = !_close.TryResume();
                    }
                    else
                    {
                        isDropping = true;
                        await SendCloseAsync(_close.TakeRequest());
                        await waiting;
                    }
                }
                else
                {
                    await waiting;
                }

                var buffer = ArrayPool<byte>.Shared.Rent(size);
                try
                {
                    var reading = upstream.ReadAsync(buffer, CancellationToken.None);
                    int read;
                    if (!reading.IsCompleted && !isDropping && follower.MayClose)
                    {
                        // Sockets end a wait without a buffer at any event, also one whose data has been read: this may be a long wait too.
                        var late = reading.AsTask();
                        isDropping = await YieldAsync(late);
                        read = await late;
                    }
                    else
                    {
                        read = await reading;
                    }

                    if (read == 0) break;
                    size = read == buffer.Length ? LargeBufferSize : BufferSize;
                    // After our Close nothing may follow (RFC 6455 §5.5.1), but the upstream must be able to end.
                    if (isDropping) continue;
                    isWriting = true;
                    var count = Follow(ref follower, buffer.AsSpan(0, read));
                    if (follower.CloseHasBegun)
                    {
                        _close.Note(ClosedBy.Upstream);
                        CloseCode = follower.CloseCode;
                    }

                    CountSent(count);
                    metrics.OnSent(count);
                    await client.WriteAsync(buffer.AsMemory(0, count), ended);
                    CountTaken();
                    if (follower.MayClose && _close.IsRequested)
                    {
                        isDropping = true;
                        await SendCloseAsync(_close.TakeRequest());
                    }

                    isWriting = false;
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }

            End(new RelayEnd(ClosedBy.Upstream, InOrder: true));
        }
        catch (Exception e)
        {
            if (isWriting) Fail(ClosedBy.Client, RelayFault.ClientWrite, e, soon: true);
            else Fail(ClosedBy.Upstream, RelayFault.UpstreamRead, e, soon: false);
            if (!IsOfStream(e)) throw;
        }
    }

    /// <returns>Whether a Close went out meanwhile.</returns>
    async Task<bool> YieldAsync(Task waiting)
    {
        if (_close.TryYield())
        {
            await waiting;
            return !_close.TryResume();
        }

        try
        {
            await SendCloseAsync(_close.TakeRequest());
        }
        finally
        {
            // Also where it failed, which ends the wait within LastBytes: the read under way has a buffer of the caller's.
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return true;
    }

    /// <summary>How much goes to the client: all, or up to the next boundary where a Close waits for it.</summary>
    int Follow(ref FrameFollower follower, ReadOnlySpan<byte> bytes)
    {
        if (_close.IsRequested && !follower.CloseHasBegun) return follower.Advance(bytes);
        follower.Follow(bytes);
        return bytes.Length;
    }

    /// <summary>A Close frame that was requested while the copy loop waits. <see cref="RunAsync"/> waits for it.</summary>
    async Task SendRequestedAsync(int code)
    {
        try
        {
            await SendCloseAsync(code);
        }
        catch (Exception)
        {
            // SendCloseAsync has ended the socket because of it.
        }
        finally
        {
            _close.Complete();
        }
    }

    async ValueTask SendCloseAsync(int code)
    {
        try
        {
            await _close.SendAsync(code, _ended.Token);
            CloseCode = code;
        }
        catch (Exception e)
        {
            // Before anything waits for the upstream: this bounds that wait.
            Fail(ClosedBy.Client, RelayFault.ClientWrite, e, soon: true);
            throw;
        }
    }

    void Fail(ClosedBy by, RelayFault fault, Exception exception, bool soon)
    {
        var end = new RelayEnd(IsOfStream(exception) ? by : ClosedBy.Error, InOrder: by == ClosedBy.Client, fault, exception);
        if (soon) EndSoon(end);
        else End(end);
    }

    void End(RelayEnd end)
    {
        Interlocked.CompareExchange(ref _end, end, null);
        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>Lets the other direction end by itself, but not for ever.</summary>
    void EndSoon(RelayEnd end)
    {
        Interlocked.CompareExchange(ref _end, end, null);
        try
        {
            _ended.CancelAfter(LastBytes);
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>What streams throw at their end; the last where a pipe was completed by an abort.</summary>
    static bool IsOfStream(Exception e) => e is IOException or SocketException or OperationCanceledException or InvalidOperationException;
}

using System.Buffers;
using ImGateway.Edge.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Server-sent events are rarer than the bytes of other responses. YARP has one time-out for all responses of a cluster, so these are copied
/// here, with their own, and everything else stays as YARP does it. Goes last of the transforms: the response begins in it.
/// </summary>
sealed class EventStreams(CurrentOptions options, OpenEventStreams open, TimeProvider time) : ResponseTransform
{
    const string EventStream = "text/event-stream";
    const int BufferBytes = 16 * 1024;

    /// <summary>Most servers of events send a comment each 15 to 45 seconds; one that sends none must not be cut where nothing happens.</summary>
    static readonly TimeSpan Shortest = TimeSpan.FromHours(1);

    public override async ValueTask ApplyAsync(ResponseTransformContext context)
    {
        if (context.ProxyResponse is not { } upstream || context.SuppressResponseBody || !IsEventStream(upstream)) return;
        context.SuppressResponseBody = true;
        await CopyAsync(upstream, context.HttpContext);
    }

    static bool IsEventStream(HttpResponseMessage upstream) =>
        upstream.Content.Headers.NonValidated.TryGetValues("Content-Type", out var types)
        && types.ToString().AsSpan() is var type
        && (type.IndexOf(';') is >= 0 and var end ? type[..end] : type).Trim().Equals(EventStream, StringComparison.OrdinalIgnoreCase);

    async Task CopyAsync(HttpResponseMessage upstream, HttpContext context)
    {
        var limit = options.Value.Upstream.IdleTimeout is var timeout && timeout > Shortest ? timeout : Shortest;
        using var silent = new CancellationTokenSource(limit, time);
        await using var left = context.RequestAborted.UnsafeRegister(static silent => ((CancellationTokenSource)silent!).Cancel(), silent);
        var (toClient, stream) = (false, new OpenEventStream(silent));
        open.Add(stream);
        try
        {
            // A client counts the stream as open when it has the headers, which may be long before the first event.
            await context.Response.StartAsync(silent.Token);
            await using var events = await upstream.Content.ReadAsStreamAsync(silent.Token);
            // A silent stream holds no buffer: an empty read returns when there is more to read.
            while (await events.ReadAsync(Memory<byte>.Empty, silent.Token) == 0)
            {
                var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
                try
                {
                    var read = await events.ReadAsync(buffer, silent.Token);
                    if (read == 0) return;
                    silent.CancelAfter(limit);
                    toClient = true;
                    await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), silent.Token);
                    toClient = false;
                    silent.CancelAfter(limit);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
        catch (OperationCanceledException) when (stream.IsEnded && !context.RequestAborted.IsCancellationRequested)
        {
            // A drain: to the client an end as any other, after which it comes back.
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or HttpRequestException or ObjectDisposedException)
        {
            var error = context.RequestAborted.IsCancellationRequested || toClient ? ForwarderError.ResponseBodyClient
                : e is OperationCanceledException ? ForwarderError.RequestTimedOut
                : ForwarderError.ResponseBodyDestination;
            context.Features.Set<IForwarderErrorFeature>(new Failure(error, e));
            // The client must not take the end for that of the stream.
            context.Abort();
        }
        finally
        {
            open.Remove(stream);
        }
    }

    sealed record Failure(ForwarderError Error, Exception? Exception) : IForwarderErrorFeature;
}

using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ImGateway.Testing;

/// <summary>A request from its path to its answer: who asks, what is scripted, what is done, what is recorded.</summary>
sealed class CaPipeline(CaState state, CaFaults faults, CaNonces nonces, CaAuthentication authentication, Func<CaCall, CaAnswer> handle, CaRecords records)
{
    public bool IsDown { get; set; }

    public TimeSpan ClockOffset { get; set; }

    public async Task HandleAsync(HttpContext context)
    {
        if (IsDown)
        {
            context.Abort();
            return;
        }

        var path = context.Request.Path.Value ?? "/";
        if (CaCall.Route(context.Request.Method, path) is not { } call)
        {
            await WriteAsync(context, CaAnswer.OfProblem(CaProblemException.NotFound("resource")), TimeSpan.Zero);
            return;
        }

        call.Url = state.Url(path.TrimStart('/'));
        var answer = await AnswerAsync(context, call);
        var isDropped = call.Fault is DropFault;
        records.Add(new CaRequest(call.Operation, call.Hosts, state.Now, isDropped ? 0 : answer.Status, isDropped ? "dropped" : answer.Problem));
        if (isDropped) context.Abort();
        else if (call.Fault is EndlessFault endless) await WriteEndlessAsync(context, endless.Announced);
        else await WriteAsync(context, answer, (call.Fault as ClockFault)?.Offset ?? TimeSpan.Zero);
    }

    async Task<CaAnswer> AnswerAsync(HttpContext context, CaCall call)
    {
        try
        {
            if (call.IsSigned) await authentication.AuthenticateAsync(context.Request, call, context.RequestAborted);
            lock (state.Lock) call.Hosts = CaHosts.Of(state, call);
            call.Fault = faults.Take(call.Operation);
            switch (call.Fault)
            {
                case CannedFault canned:
                    return canned.Answer;
                case ProblemFault problem:
                    throw new CaProblemException(problem.Type, problem.Detail, problem.Status)
                    {
                        RetryAfter = problem.RetryAfter,
                        Subproblems = problem.Subproblems,
                    };
                case DropFault { After: false }:
                    return new CaAnswer(0);
                case EndlessFault:
                    return new CaAnswer(StatusCodes.Status200OK);
                case HangFault:
                    records.Signal();
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
                    break;
            }

            CaAnswer answer;
            lock (state.Lock) answer = handle(call);
            if (call.Fault is RewriteFault rewrite) rewrite.Change(answer.Json ?? []);
            return answer;
        }
        catch (CaProblemException problem)
        {
            return CaAnswer.OfProblem(problem);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return CaAnswer.OfProblem(CaProblemException.Malformed(e.Message));
        }
        catch (OperationCanceledException)
        {
            return new CaAnswer(StatusCodes.Status499ClientClosedRequest);
        }
    }

    async Task WriteAsync(HttpContext context, CaAnswer answer, TimeSpan clockOffset)
    {
        var headers = context.Response.Headers;
        headers.Date = (state.Now + ClockOffset + clockOffset).ToString("R");
        headers.CacheControl = "no-store";
        if (!answer.WithoutNonce) headers["Replay-Nonce"] = nonces.Create();
        var index = $"<{state.Url("directory")}>;rel=\"index\"";
        await (answer with { Links = [.. answer.Links, index] }).WriteAsync(context.Response, context.RequestAborted);
    }

    static async Task WriteEndlessAsync(HttpContext context, bool announced)
    {
        if (announced) context.Response.ContentLength = EndlessFault.Length;
        var block = new byte[64 * 1024];
        for (var written = 0L; written < EndlessFault.Length && !context.RequestAborted.IsCancellationRequested; written += block.Length)
        {
            await context.Response.Body.WriteAsync(block, context.RequestAborted);
        }
    }
}

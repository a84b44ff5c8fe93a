using System.Buffers;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Invocation;
using Orleans.Serialization.Serializers;
using Orleans.Serialization.Session;

namespace Dcron.Tests.Records;

/// <summary>
/// Calls between silos of two versions, one of which knows an argument more: what is not sent is null, and what is not known is passed over. So
/// <see cref="IJobGrain.Finished"/> could gain its last argument, and any call can gain one that may be null.
/// </summary>
public sealed class CallVersionsTests : IDisposable
{
    private static readonly ExecutionId Id = ExecutionId.Parse("job@20260301T000000Z");
    private static readonly ExecutionEnd End = new(Id, ExecutionResult.Failed, 3, DateTimeOffset.UnixEpoch);

    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer(serializer => serializer.AddAssembly(typeof(IJobGrain).Assembly)).BuildServiceProvider();

    [Fact]
    public void An_argument_that_the_caller_does_not_know_is_null()
    {
        var call = Received(Id);
        Assert.Equal((nameof(IJobGrain.Finished), Id, null), (call.GetMethodName(), call.GetArgument(0), call.GetArgument(1)));
    }

    [Fact]
    public void An_argument_that_the_receiver_does_not_know_is_passed_over()
    {
        var call = Received(Id, End, End);
        Assert.Equal((nameof(IJobGrain.Finished), 2, Id, End), (call.GetMethodName(), call.GetArgumentCount(), call.GetArgument(0), call.GetArgument(1)));
    }

    public void Dispose() => _services.Dispose();

    /// <summary>What a silo makes of a call to <see cref="IJobGrain.Finished"/> that was sent with these arguments.</summary>
    private IInvokable Received(ExecutionId id, params ExecutionEnd[] more)
    {
        using var session = _services.GetRequiredService<SerializerSessionPool>().GetSession();
        var codecs = _services.GetRequiredService<ICodecProvider>();
        var bytes = new ArrayBufferWriter<byte>();
        var writer = Writer.Create(bytes, session);
        session.ReferencedObjects.MarkValueField();
        writer.WriteStartObject(0, typeof(object), TypeOfCall());
        codecs.GetCodec<ExecutionId>().WriteField(ref writer, 0, typeof(ExecutionId), id);
        foreach (var end in more)
        {
            codecs.GetCodec<ExecutionEnd>().WriteField(ref writer, 1, typeof(ExecutionEnd), end);
        }

        writer.WriteEndObject();
        writer.Commit();
        return (IInvokable)_services.GetRequiredService<Serializer>().Deserialize<object>(bytes.WrittenMemory)!;
    }

    private static Type TypeOfCall() => typeof(IJobGrain).Assembly.GetTypes().Single(type =>
        type is { IsAbstract: false, ContainsGenericParameters: false } && typeof(IInvokable).IsAssignableFrom(type)
        && Activator.CreateInstance(type) is IInvokable call && call.GetInterfaceType() == typeof(IJobGrain) && call.GetMethodName() == nameof(IJobGrain.Finished));
}
